# Maps a `<header>` of .ci/layers.txt to the target that provides it.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
foreach(pair "uv.h|libuv" "nghttp2/|libnghttp2" "openssl/|openssl" "json/|jsoncpp" "ares.h|libcares"
             "yaml.h|yaml-0.1" "sqlite3.h|sqlite3" "xxhash.h|libxxhash" "re2/|re2" "fmt/|fmt" "spdlog/|spdlog"
             "prometheus/|prometheus-cpp-core" "google/protobuf/|protobuf-lite" "nftables/|libnftables")
  string(REPLACE "|" ";" pair "${pair}")
  list(GET pair 0 header)
  list(GET pair 1 module)
  string(MAKE_C_IDENTIFIER "${header}" id)
  pkg_check_modules(pkg_${id} REQUIRED IMPORTED_TARGET ${module})
  set(HEDDLE_PACKAGE_${id} PkgConfig::pkg_${id})
endforeach()
set(HEDDLE_PACKAGE_CLI_ "")  # header only
# fmt and spdlog as shared libraries of the distribution, not header-only copies in every object
add_compile_definitions(SPDLOG_COMPILED_LIB SPDLOG_SHARED_LIB SPDLOG_FMT_EXTERNAL)
