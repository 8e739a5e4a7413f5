import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Proxy;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Runs a Java handler once, as Lambda's own runtime would.
 *
 * <p>{@code java -cp TASK_ROOT:TASK_ROOT/lib/* InvokeHandler.java RESPONSE DEADLINE < event}
 *
 * <p>RESPONSE is the file for the handler's response (exit status 0) or the name of its error
 * (exit status 1); DEADLINE is in milliseconds since 1970. _HANDLER names the handler. How Lambda
 * finds and calls it: https://docs.aws.amazon.com/lambda/latest/dg/java-handler.html.
 *
 * <p>Everything is in one file, because Java 11 and up can run that without compiling it first.
 */
final class InvokeHandler {
    private static final String CONTEXT = "com.amazonaws.services.lambda.runtime.Context";

    private final Class<?> type;
    private final Method method;

    private InvokeHandler(Class<?> type, Method method) {
        this.type = type;
        this.method = method;
    }

    public static void main(String[] arguments) throws Exception {
        Path response = Path.of(arguments[0]);
        int status = 0;
        try {
            InvokeHandler handler = find(System.getenv("_HANDLER"));
            byte[] event = System.in.readAllBytes();
            Files.write(response, handler.call(event, Long.parseLong(arguments[1])));
        } catch (Throwable error) {
            Throwable cause = error instanceof InvocationTargetException ? error.getCause() : error;
            cause.setStackTrace(
                    Stream.of(cause.getStackTrace())
                            .takeWhile(at -> !at.getClassName().equals("InvokeHandler"))
                            .toArray(StackTraceElement[]::new));
            cause.printStackTrace();
            Files.writeString(response, cause.getClass().getName());
            status = 1;
        }
        // Like Lambda, end at the response, even if the handler left threads running.
        Runtime.getRuntime().halt(status);
    }

    private static InvokeHandler find(String handler) throws ReflectiveOperationException {
        String[] parts = handler.split("::", 2);
        String name = parts.length == 2 ? parts[1] : "handleRequest";
        Class<?> type = Class.forName(parts[0], true, ClassLoader.getSystemClassLoader());
        // Like Lambda, choose the method with most parameters. Skip bridge methods of javac, which
        // lack the type parameters.
        Method method =
                Stream.<Class<?>>iterate(type, at -> at != null, Class::getSuperclass)
                        .flatMap(at -> Stream.of(at.getDeclaredMethods()))
                        .filter(found -> found.getName().equals(name) && !found.isBridge())
                        .filter(found -> Modifier.isPublic(found.getModifiers()))
                        .max(Comparator.comparing(Method::getParameterCount))
                        .orElseThrow(() -> new NoSuchMethodException(parts[0] + "::" + name));
        // The method is public, but its class may not be.
        method.setAccessible(true);
        return new InvokeHandler(type, method);
    }

    private byte[] call(byte[] event, long deadline) throws ReflectiveOperationException {
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        List<Object> arguments = new ArrayList<>();
        for (Type declared : method.getGenericParameterTypes()) {
            Type parameter = Binding.resolve(declared, type);
            if (parameter == InputStream.class) {
                arguments.add(new ByteArrayInputStream(event));
            } else if (parameter == OutputStream.class) {
                arguments.add(output);
            } else if (parameter.getTypeName().equals(CONTEXT)) {
                arguments.add(context((Class<?>) parameter, deadline));
            } else {
                Object json = new JsonReader(new String(event, StandardCharsets.UTF_8)).read();
                arguments.add(Binding.bind(json, parameter));
            }
        }
        boolean isStatic = Modifier.isStatic(method.getModifiers());
        Object target = isStatic ? null : type.getConstructor().newInstance();
        Object response = method.invoke(target, arguments.toArray());
        if (Arrays.asList(method.getParameterTypes()).contains(OutputStream.class)) {
            return output.toByteArray();
        }
        return JsonWriter.write(response).getBytes(StandardCharsets.UTF_8);
    }

    /** Creates the Context of https://docs.aws.amazon.com/lambda/latest/dg/java-context.html. */
    private static Object context(Class<?> type, long deadline) {
        Map<String, Object> context = new HashMap<>();
        context.put("getFunctionName", System.getenv("AWS_LAMBDA_FUNCTION_NAME"));
        context.put("getFunctionVersion", System.getenv("AWS_LAMBDA_FUNCTION_VERSION"));
        context.put(
                "getMemoryLimitInMB",
                Integer.valueOf(System.getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")));
        context.put("getLogGroupName", System.getenv("AWS_LAMBDA_LOG_GROUP_NAME"));
        context.put("getLogStreamName", System.getenv("AWS_LAMBDA_LOG_STREAM_NAME"));
        context.put("getInvokedFunctionArn", System.getenv("PACKAGER_FUNCTION_ARN"));
        context.put("getAwsRequestId", System.getenv("PACKAGER_REQUEST_ID"));
        return proxy(
                type,
                (self, called, arguments) -> {
                    switch (called.getName()) {
                        case "getRemainingTimeInMillis":
                            return (int) Math.max(0, deadline - System.currentTimeMillis());
                        case "getLogger":
                            return proxy(called.getReturnType(), InvokeHandler::log);
                        default:
                            return context.get(called.getName());
                    }
                });
    }

    private static Object log(Object self, Method called, Object[] arguments) {
        boolean isText = arguments[0] instanceof String;
        System.err.println(
                isText ? arguments[0] : new String((byte[]) arguments[0], StandardCharsets.UTF_8));
        return null;
    }

    private static Object proxy(Class<?> type, InvocationHandler handler) {
        return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler);
    }
}

/**
 * Converts JSON values to Java objects of the type that a handler takes.
 *
 * <p>Lambda's runtime uses Jackson. This class supports the types that most handlers use: Map,
 * Collection, String, numbers, boolean, enums, records, and beans with setters.
 */
final class Binding {
    private static final Map<Class<?>, Function<BigDecimal, Object>> NUMBERS =
            Map.of(
                    Number.class, number -> number,
                    BigDecimal.class, number -> number,
                    BigInteger.class, BigDecimal::toBigIntegerExact,
                    int.class, BigDecimal::intValueExact,
                    Integer.class, BigDecimal::intValueExact,
                    long.class, BigDecimal::longValueExact,
                    Long.class, BigDecimal::longValueExact,
                    double.class, BigDecimal::doubleValue,
                    Double.class, BigDecimal::doubleValue);

    private Binding() {}

    /** Resolves {@code type}, maybe a parameter of a generic superclass, for {@code leaf}. */
    static Type resolve(Type type, Class<?> leaf) {
        Map<Type, Type> bound = new HashMap<>();
        for (Class<?> at = leaf; at != null; at = at.getSuperclass()) {
            if (at.getGenericSuperclass() instanceof ParameterizedType) {
                Type[] names = at.getSuperclass().getTypeParameters();
                for (int i = 0; i < names.length; i++) {
                    bound.put(names[i], argument(at.getGenericSuperclass(), i));
                }
            }
        }
        Type resolved = type;
        while (bound.containsKey(resolved)) {
            resolved = bound.get(resolved);
        }
        return resolved instanceof TypeVariable ? Object.class : resolved;
    }

    static Object bind(Object json, Type type) throws ReflectiveOperationException {
        Class<?> raw = raw(type);
        if (json == null || raw == Object.class) {
            return json;
        }
        if (json instanceof Number && NUMBERS.containsKey(raw)) {
            return NUMBERS.get(raw).apply(new BigDecimal(json.toString()));
        }
        if (raw.isInstance(json) && !(json instanceof Collection || json instanceof Map)) {
            return json;
        }
        if (json instanceof Boolean && raw == boolean.class) {
            return json;
        }
        if (json instanceof String && raw.isEnum()) {
            return raw.getMethod("valueOf", String.class).invoke(null, json);
        }
        if (json instanceof List && raw.isAssignableFrom(ArrayList.class)) {
            return elements((List<?>) json, argument(type, 0), new ArrayList<>());
        }
        if (json instanceof List && raw.isAssignableFrom(LinkedHashSet.class)) {
            return elements((List<?>) json, argument(type, 0), new LinkedHashSet<>());
        }
        if (json instanceof Map && raw.isAssignableFrom(LinkedHashMap.class)) {
            Map<Object, Object> map = new LinkedHashMap<>();
            for (Map.Entry<?, ?> entry : ((Map<?, ?>) json).entrySet()) {
                map.put(entry.getKey(), bind(entry.getValue(), argument(type, 1)));
            }
            return map;
        }
        if (json instanceof Map && !Properties.ofRecord(raw).isEmpty()) {
            return record((Map<?, ?>) json, raw);
        }
        if (json instanceof Map && !Properties.setters(raw).isEmpty()) {
            return bean((Map<?, ?>) json, raw);
        }
        throw new IllegalArgumentException(
                "packager deploy --local cannot make "
                        + type.getTypeName()
                        + " of the event; let the handler take a Map or an InputStream");
    }

    private static Object elements(List<?> json, Type type, Collection<Object> collection)
            throws ReflectiveOperationException {
        for (Object element : json) {
            collection.add(bind(element, type));
        }
        return collection;
    }

    private static Object record(Map<?, ?> json, Class<?> type)
            throws ReflectiveOperationException {
        List<Field> components = Properties.ofRecord(type);
        List<Object> values = new ArrayList<>();
        for (Field component : components) {
            values.add(bind(json.get(component.getName()), component.getGenericType()));
        }
        Constructor<?> constructor =
                type.getDeclaredConstructor(
                        components.stream().map(Field::getType).toArray(Class<?>[]::new));
        constructor.setAccessible(true);
        return constructor.newInstance(values.toArray());
    }

    private static Object bean(Map<?, ?> json, Class<?> type) throws ReflectiveOperationException {
        Object bean = type.getConstructor().newInstance();
        Map<String, Method> setters = Properties.setters(type);
        for (Map.Entry<?, ?> property : json.entrySet()) {
            Method setter = setters.get(property.getKey());
            if (setter != null) {
                Type wanted = resolve(setter.getGenericParameterTypes()[0], type);
                setter.invoke(bean, bind(property.getValue(), wanted));
            }
        }
        return bean;
    }

    private static Class<?> raw(Type type) {
        if (type instanceof ParameterizedType) {
            return raw(((ParameterizedType) type).getRawType());
        }
        return type instanceof Class ? (Class<?>) type : Object.class;
    }

    private static Type argument(Type type, int index) {
        return type instanceof ParameterizedType
                ? ((ParameterizedType) type).getActualTypeArguments()[index]
                : Object.class;
    }
}

/** A component of a record or a property of a bean, by its name in JSON. */
final class Properties {
    private Properties() {}

    /** Returns the components of a record (Java 16 and up), in the order of its constructor. */
    static List<Field> ofRecord(Class<?> type) {
        Class<?> parent = type.getSuperclass();
        boolean isRecord = parent != null && parent.getName().equals("java.lang.Record");
        return Stream.of(type.getDeclaredFields())
                .filter(field -> isRecord && !Modifier.isStatic(field.getModifiers()))
                .collect(Collectors.toList());
    }

    static Map<String, Method> setters(Class<?> type) {
        return accessors(type, "set", 1);
    }

    static Map<String, Object> values(Object object) throws ReflectiveOperationException {
        Class<?> type = object.getClass();
        Map<String, Method> getters = accessors(type, "get", 0);
        getters.putAll(accessors(type, "is", 0));
        for (Field component : ofRecord(type)) {
            getters.put(component.getName(), type.getMethod(component.getName()));
        }
        Map<String, Object> values = new LinkedHashMap<>();
        for (Map.Entry<String, Method> getter : getters.entrySet()) {
            getter.getValue().setAccessible(true);
            values.put(getter.getKey(), getter.getValue().invoke(object));
        }
        return values;
    }

    /** Finds setters, ignoring case, because some of AWS's own events capitalize names. */
    private static Map<String, Method> accessors(Class<?> type, String prefix, int parameters) {
        Map<String, Method> found = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        for (Method method : type.getMethods()) {
            boolean isOfTheJdk = method.getDeclaringClass().getClassLoader() == null;
            String name = method.getName();
            if (name.startsWith(prefix)
                    && name.length() > prefix.length()
                    && method.getParameterCount() == parameters
                    && !method.isBridge()
                    && !isOfTheJdk) {
                int end = prefix.length() + 1;
                String first = name.substring(prefix.length(), end).toLowerCase(Locale.ROOT);
                found.put(first + name.substring(end), method);
            }
        }
        return found;
    }
}

/** Reads JSON (RFC 8259) as Map, List, String, Integer, Long, BigInteger, Double, Boolean, null. */
final class JsonReader {
    private final String text;
    private int at;

    JsonReader(String text) {
        this.text = text;
    }

    Object read() {
        Object value = value();
        space();
        check(at == text.length());
        return value;
    }

    private Object value() {
        space();
        check(at < text.length());
        switch (text.charAt(at)) {
            case '{':
                return object();
            case '[':
                return array();
            case '"':
                return string();
            default:
                return plain();
        }
    }

    private Map<String, Object> object() {
        Map<String, Object> object = new LinkedHashMap<>();
        at++;
        while (!closes('}', object.isEmpty())) {
            space();
            String name = string();
            space();
            check(text.charAt(at++) == ':');
            object.put(name, value());
        }
        return object;
    }

    private List<Object> array() {
        List<Object> array = new ArrayList<>();
        at++;
        while (!closes(']', array.isEmpty())) {
            array.add(value());
        }
        return array;
    }

    /** Skips the end of an object or array, or the comma before its next member. */
    private boolean closes(char end, boolean isEmpty) {
        space();
        check(at < text.length());
        boolean closes = text.charAt(at) == end;
        check(closes || isEmpty || text.charAt(at) == ',');
        if (closes || !isEmpty) {
            at++;
        }
        return closes;
    }

    private String string() {
        StringBuilder string = new StringBuilder();
        check(text.charAt(at++) == '"');
        while (text.charAt(at) != '"') {
            char character = text.charAt(at++);
            string.append(character == '\\' ? escaped() : character);
        }
        at++;
        return string.toString();
    }

    private char escaped() {
        char letter = text.charAt(at++);
        if (letter == 'u') {
            at += 4;
            return (char) Integer.parseInt(text.substring(at - 4, at), 16);
        }
        int known = "bfnrt".indexOf(letter);
        return known < 0 ? letter : "\b\f\n\r\t".charAt(known);
    }

    private Object plain() {
        int start = at;
        while (at < text.length() && ",]} \t\r\n".indexOf(text.charAt(at)) < 0) {
            at++;
        }
        String word = text.substring(start, at);
        switch (word) {
            case "null":
                return null;
            case "true":
                return true;
            case "false":
                return false;
            default:
                return number(word);
        }
    }

    // The types that Jackson, and so Lambda, uses for numbers if the handler does not declare one.
    private static Object number(String word) {
        BigDecimal number = new BigDecimal(word);
        if (word.matches(".*[.eE].*")) {
            return number.doubleValue();
        }
        BigInteger whole = number.toBigIntegerExact();
        if (whole.bitLength() < Integer.SIZE) {
            return whole.intValue();
        }
        return whole.bitLength() < Long.SIZE ? (Object) whole.longValue() : whole;
    }

    private void space() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private void check(boolean valid) {
        if (!valid) {
            throw new IllegalArgumentException("The event is not JSON, at character " + at);
        }
    }
}

/** Writes the return value of a handler as JSON. */
final class JsonWriter {
    private JsonWriter() {}

    static String write(Object value) throws ReflectiveOperationException {
        StringBuilder json = new StringBuilder();
        write(value, json);
        return json.toString();
    }

    private static void write(Object value, StringBuilder json)
            throws ReflectiveOperationException {
        if (value instanceof Double && !Double.isFinite((Double) value)) {
            string(value.toString(), json);
        } else if (value == null || value instanceof Number || value instanceof Boolean) {
            json.append(value);
        } else if (value instanceof CharSequence
                || value instanceof Character
                || value instanceof Enum) {
            string(value.toString(), json);
        } else if (value instanceof Map) {
            object((Map<?, ?>) value, json);
        } else if (value instanceof Iterable) {
            array((Iterable<?>) value, json);
        } else if (value.getClass().isArray()) {
            List<Object> elements = new ArrayList<>();
            for (int i = 0; i < Array.getLength(value); i++) {
                elements.add(Array.get(value, i));
            }
            array(elements, json);
        } else {
            Map<String, Object> values = Properties.values(value);
            if (values.isEmpty()) {
                throw new IllegalArgumentException(
                        "packager deploy --local cannot write "
                                + value.getClass().getName()
                                + " as JSON; let the handler give a Map, or take an OutputStream");
            }
            object(values, json);
        }
    }

    private static void object(Map<?, ?> object, StringBuilder json)
            throws ReflectiveOperationException {
        String separator = "{";
        for (Map.Entry<?, ?> member : object.entrySet()) {
            json.append(separator);
            string(String.valueOf(member.getKey()), json);
            json.append(':');
            write(member.getValue(), json);
            separator = ",";
        }
        json.append(object.isEmpty() ? "{}" : "}");
    }

    private static void array(Iterable<?> array, StringBuilder json)
            throws ReflectiveOperationException {
        json.append('[');
        String separator = "";
        for (Object element : array) {
            json.append(separator);
            write(element, json);
            separator = ",";
        }
        json.append(']');
    }

    private static void string(String string, StringBuilder json) {
        json.append('"');
        for (char character : string.toCharArray()) {
            if (character == '"' || character == '\\') {
                json.append('\\').append(character);
            } else if (character < ' ') {
                json.append(String.format("\\u%04x", (int) character));
            } else {
                json.append(character);
            }
        }
        json.append('"');
    }
}
