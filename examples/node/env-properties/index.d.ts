// env-properties 0.1.0 (MIT), from heroku-lambda-packager; sha256 of the rest: de0cff217c637887
/** Variables by their names, read-only. console.log and String show the names only. */
export interface Variables {
  readonly [name: string]: string | undefined
}

/** The app's config: the process environment first, then the file, read once when first needed. */
export declare const env: Variables

/**
 * The variables in the file.
 *
 * Without `path`, the file that ENV_PROPERTIES_FILE names, else the first that exists of
 * $LAMBDA_TASK_ROOT/env.properties and /opt/env.properties. If neither exists, there are none.
 */
export declare function load (path?: string): Variables

/**
 * Copies the file's variables into process.env. Those that are set there stay; with `override`, the
 * file's values replace them.
 */
export declare function populate (options?: { override?: boolean }): void

declare function requireVariable (name: string): string

/** The value of a variable in `env`; an error that names the places searched, if it is not set. */
export { requireVariable as require }

/** The values of these variables in `env`; one error that names all that are not set. */
export declare function requireAll<Name extends string> (
  ...names: Name[]
): { readonly [name in Name]: string }

// Typed values. A variable that is not set is `otherwise`, and an error without one (undefined counts
// as none). A value of another type is an error; so is an empty one, but as a list. Blanks (space,
// tab, line ends, form feed, vertical tab) around a value do not count.

/**
 * A number: decimal digits, with or without sign, point and exponent. It is finite, and an integer
 * is one that a number holds exactly.
 */
export declare function number (name: string, otherwise?: undefined): number
export declare function number<T> (name: string, otherwise: T): number | T

/** True for true, yes, on and 1, false for false, no, off and 0, in any case. */
export declare function bool (name: string, otherwise?: undefined): boolean
export declare function bool<T> (name: string, otherwise: T): boolean | T

/** The items between commas, without blanks around them and without empty ones. */
export declare function list (name: string, otherwise?: undefined): string[]
export declare function list<T> (name: string, otherwise: T): string[] | T

/** The value of a JSON text. */
export declare function json (name: string, otherwise?: unknown): unknown

/**
 * For tests: gives variables in `env` other values, or with undefined hides them, until the function
 * that is returned is called. process.env stays as it is. The file is read again at the next need,
 * and again after the end; ENV_PROPERTIES_FILE may be among the values.
 */
export declare function override (
  values: { readonly [name: string]: string | undefined }
): () => void

/** All errors that are thrown here. None holds a value. */
export declare class EnvPropertiesError extends Error {
  /**
   * ERR_MISSING_VARIABLE, ERR_WRONG_TYPE, ERR_INVALID_VARIABLE (process.env or `override` cannot
   * take it), ERR_BYTE_ORDER_MARK, ERR_MALFORMED_ESCAPE, ERR_PIPE (not ASCII); or, for a file that
   * cannot be read, the system's: ENOENT, EACCES, EISDIR.
   */
  readonly code: string
  /** The path of the file, if the file is at fault. */
  readonly path?: string
  /** The malformed line, counted from 1. */
  readonly line?: number
  private constructor ()
}
