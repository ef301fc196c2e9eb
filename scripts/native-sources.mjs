// Prints the addon's C++ sources, one a line, for binding.gyp: every .cc below native/. CMakeLists.txt takes the same files
// by the same rule, so a new file needs no entry anywhere.
import { listFiles } from "./project.mjs";

for (const path of listFiles("native", (name) => name.endsWith(".cc"))) console.log(path);
