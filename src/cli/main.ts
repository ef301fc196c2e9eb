#!/usr/bin/env node
// The command line: one command a file, registered here.
import { Command } from "commander";
import { version } from "../base/version.ts";
import { registerServe } from "./serve.ts";
import { registerSnapshot } from "./snapshot.ts";
import { registerWal } from "./wal.ts";

const program = new Command("distcache")
  .description("A distributed in-memory cache that speaks RESP")
  .version(version)
  .showHelpAfterError("(distcache --help tells what there is)");

registerServe(program);
registerWal(program);
registerSnapshot(program);

await program.parseAsync();
