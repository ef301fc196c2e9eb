// The shape of a row of the command table, as commands/*.json gives it with what is derived filled in.

/** Where keys of a command stand: `last` is relative to `index`, below zero it counts from the end of the arguments. */
export interface KeySpec {
  readonly flags: readonly string[];
  readonly index: number;
  readonly last: number;
  readonly step: number;
  readonly notes?: string;
}

/** One piece of a command's syntax, as COMMAND DOCS describes it. `keySpec` is a place in the row's `keys`. */
export interface ArgumentSpec {
  readonly name: string;
  readonly type: string;
  readonly token?: string;
  readonly keySpec?: number;
  readonly since?: string;
  readonly flags?: readonly string[];
  readonly arguments?: readonly ArgumentSpec[];
}

/** A command, or a subcommand with the name `container|subcommand`. Names are lower case. */
export interface CommandRow {
  readonly name: string;
  readonly group: string;
  readonly summary: string;
  readonly since: string;
  readonly complexity: string;
  readonly arity: number;
  readonly flags: readonly string[];
  readonly categories: readonly string[];
  readonly tips: readonly string[];
  readonly keys: readonly KeySpec[];
  readonly first: number;
  readonly last: number;
  readonly step: number;
  readonly arguments: readonly ArgumentSpec[];
  readonly isNative: boolean;
  readonly subcommands: readonly CommandRow[];
}
