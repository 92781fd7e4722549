# Warnings are errors everywhere; sanitizers and the linker are chosen here and nowhere else.
add_library(heddle_flags INTERFACE)
target_compile_options(heddle_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
  $<$<NOT:$<CONFIG:Release>>:-fno-omit-frame-pointer> -pthread)  # -pthread everywhere: the shared precompiled header wants the same macros
# g++ 12 invents these inside std::string and std::variant when it optimises (gcc.gnu.org PR105329, PR105651, PR105562)
# or adds sanitizers; ASan and valgrind find the real ones.
target_compile_options(heddle_flags INTERFACE -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow
  -Wno-stringop-overread -Wno-maybe-uninitialized)
target_include_directories(heddle_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(heddle_flags INTERFACE HEDDLE_VERSION="${PROJECT_VERSION}")
find_program(HEDDLE_LLD ld.lld)
if(HEDDLE_LLD AND NOT CMAKE_INTERPROCEDURAL_OPTIMIZATION)  # it does not read what g++ leaves for the linker
  add_link_options(-fuse-ld=lld)
endif()
# What nothing refers to is not linked: an idle sidecar's memory is mostly its own pages.
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-ffunction-sections -fdata-sections)
  add_link_options(-Wl,--gc-sections)
endif()
# ADR 0015. Counts lie beside the objects; a file that was never run is compiled as without a profile.
if(HEDDLE_PROFILE STREQUAL "generate")
  add_compile_options(-fprofile-generate -fprofile-update=prefer-atomic)
  add_link_options(-fprofile-generate)
elseif(HEDDLE_PROFILE STREQUAL "use")
  add_compile_options(-fprofile-use -fprofile-correction -Wno-missing-profile -Wno-error=coverage-mismatch)
  add_link_options(-fprofile-use)
endif()
if(HEDDLE_SANITIZE)
  add_compile_options(-fsanitize=${HEDDLE_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${HEDDLE_SANITIZE})
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_definitions(HEDDLE_DEBUG_ASSERTS=1)
endif()
