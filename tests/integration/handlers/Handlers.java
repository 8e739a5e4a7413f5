package handlers;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.math.BigInteger;
import java.time.Instant;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Handlers of every kind that Lambda knows. */
public final class Handlers {
    private Handlers() {}

    /** Takes and gives any JSON. */
    public static final class Echo implements RequestHandler<Object, Object> {
        @Override
        public Object handleRequest(Object event, Context context) {
            return event;
        }
    }

    /** Takes the bytes as they come. */
    public static final class Streams implements RequestStreamHandler {
        @Override
        public void handleRequest(InputStream in, OutputStream out, Context context)
                throws IOException {
            in.transferTo(out);
        }
    }

    /** Knows the types only by its parameters. */
    abstract static class Reversing<T> implements RequestHandler<List<T>, List<T>> {
        @Override
        public List<T> handleRequest(List<T> event, Context context) {
            Collections.reverse(event);
            return event;
        }
    }

    /** Says what they are. */
    public static final class ReversingPets extends Reversing<Pet> {}

    /** A record, as the event or in it. */
    public record Pet(String name, int age, Kind kind) {}

    /** What a pet is. */
    public enum Kind {
        CAT,
        DOG
    }

    /** A bean. */
    public static final class Owner {
        private String name;
        private Set<Pet> pets;

        public String getName() {
            return name;
        }

        public void setName(String name) {
            this.name = name;
        }

        public Set<Pet> getPets() {
            return pets;
        }

        public void setPets(Set<Pet> pets) {
            this.pets = pets;
        }

        public boolean isHappy() {
            return true;
        }
    }

    /** Methods that are handlers without an interface. */
    public static final class Methods {
        public Owner bean(Owner owner) {
            return owner;
        }

        public static String staticOne(String text, Context context) {
            return text + " " + context.getFunctionName();
        }

        public Map<String, Long> doubled(Map<String, Long> numbers) {
            Map<String, Long> doubled = new HashMap<>();
            numbers.forEach((name, number) -> doubled.put(name, 2 * number));
            return doubled;
        }

        public BigInteger square(BigInteger number) {
            return number.multiply(number);
        }

        public void nothing() {}

        public Object logs(Object event, Context context) {
            System.out.println("printed é");
            context.getLogger().log("logged 你好");
            return context.getRemainingTimeInMillis() > 0;
        }

        public Object throwing(Object event) {
            throw new IllegalStateException("the message");
        }

        public Object exiting(Object event) {
            System.exit(7);
            return null;
        }

        public Object takesWhatNoJsonIs(Instant instant) {
            return instant;
        }

        public Object givesWhatNoJsonIs(Object event) {
            return Instant.EPOCH;
        }
    }
}
