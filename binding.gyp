{
  "targets": [
    {
      "target_name": "distcache",
      "sources": ["<!@(node scripts/native-sources.mjs)"],
      "include_dirs": ["native", "<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=9", "NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS", "NODE_ADDON_API_DISABLE_DEPRECATED"],
      "cflags": ["<!@(node scripts/warning-flags.mjs)", "-fvisibility=hidden", "-fno-omit-frame-pointer", "-g1"],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-O3"],
      "cflags_cc": ["-std=c++20", "-O3", "-fno-exceptions", "-fno-rtti"],
      "ldflags": ["-Wl,-z,nodelete", "-Wl,-z,relro", "-Wl,-z,now"],
      "libraries": ["-pthread"]
    }
  ]
}
