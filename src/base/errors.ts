// The one error class of DistCache, and the table of its codes. Callers react to `code`, never to the text of a message.

/** How each code reads as the first word of a RESP error and as a metric's label. */
export const errorCodes = {
  INVALID_ARGUMENT: { respPrefix: "ERR", label: "invalid_argument" },
  INVALID_CONFIG: { respPrefix: "ERR", label: "invalid_config" },
  NOT_AN_INTEGER: { respPrefix: "ERR", label: "not_an_integer" },
  OUT_OF_MEMORY: { respPrefix: "OOM", label: "out_of_memory" },
  NO_ROOM: { respPrefix: "TRYAGAIN", label: "no_room" },
  NOT_FOUND: { respPrefix: "ERR", label: "not_found" },
  CORRUPT: { respPrefix: "ERR", label: "corrupt" },
  IO: { respPrefix: "ERR", label: "io" },
  DIRECTORY_IN_USE: { respPrefix: "ERR", label: "directory_in_use" },
  ADDRESS_IN_USE: { respPrefix: "ERR", label: "address_in_use" },
  WRITES_REFUSED: { respPrefix: "MISCONF", label: "writes_refused" },
  CLOSED: { respPrefix: "ERR", label: "closed" },
  TIMED_OUT: { respPrefix: "ERR", label: "timed_out" },
  ADDON_MISSING: { respPrefix: "ERR", label: "addon_missing" },
  INTERNAL: { respPrefix: "ERR", label: "internal" },
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** What an error may carry besides its code: where in a file, and what the operating system said. */
export interface ErrorDetails {
  cause?: unknown;
  /** errno, positive; 0 or absent when the operating system had no part in it. */
  osError?: number;
  file?: string;
  offset?: number;
}

export class DistCacheError extends Error {
  readonly code: ErrorCode;
  readonly osError: number;
  readonly file: string | undefined;
  readonly offset: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "DistCacheError";
    this.code = code;
    this.osError = details.osError ?? 0;
    this.file = details.file;
    this.offset = details.offset;
  }
}

/** The code of anything that was thrown; INTERNAL for what is not ours. */
export function errorCodeOf(error: unknown): ErrorCode {
  return error instanceof DistCacheError ? error.code : "INTERNAL";
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
