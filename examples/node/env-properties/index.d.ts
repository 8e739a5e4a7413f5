// env-properties 0.1.0 (MIT), from heroku-lambda-packager; sha256 of the rest: db8da2c4463d0b72
/** Variables by their names, read-only. Shown by its names only: by console.log, as a string. */
export interface Variables {
  readonly [name: string]: string | undefined
}

/** The app's config: the process environment first, then the file, read once when first needed. */
export declare const env: Variables

/**
 * What the file says.
 *
 * Without `path` it is the file that ENV_PROPERTIES_FILE names, else the first there is of
 * $LAMBDA_TASK_ROOT/env.properties and /opt/env.properties; no variables if there is neither.
 */
export declare function load (path?: string): Variables

/** Copy what process.env lacks from the file into it; with `override`, all that the file says. */
export declare function populate (options?: { override?: boolean }): void

declare function requireVariable (name: string): string

/** The value of a variable in `env`; an error that says where it was looked for, if it has none. */
export { requireVariable as require }

/** All errors that are thrown here; none ever holds a value. */
export declare class EnvPropertiesError extends Error {
  /**
   * ERR_MISSING_VARIABLE, ERR_INVALID_VARIABLE (process.env cannot hold it), ERR_BYTE_ORDER_MARK,
   * ERR_MALFORMED_ESCAPE, ERR_PIPE (not ASCII); or, of a file that cannot be read, the system's:
   * ENOENT, EACCES, EISDIR.
   */
  readonly code: string
  /** The file, if it is at fault. */
  readonly path?: string
  /** The malformed line, counted from 1. */
  readonly line?: number
  private constructor ()
}
