// Prints the compiler's warning flags for binding.gyp. With the compiler that the project is developed with (GCC 12, Debian 12),
// and in CI, warnings are errors; a newer compiler's new warnings must not stop a user's build.
import { capture } from "./project.mjs";

const [program, ...args] = (process.env.CXX ?? "g++").split(" ");
const version = capture(program, [...args, "--version"]).stdout;
const isReference = /^(g\+\+|gcc|c\+\+).* 12\.\d/.test(version);

// GCC 12 finds an overlap in std::string's operator+ that is not there (GCC bug 105651).
const flags = isReference ? ["-Werror", "-Wno-restrict"] : process.env.CI ? ["-Werror"] : [];
console.log(["-Wall", "-Wextra", ...flags].join("\n"));
