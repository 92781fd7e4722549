# Sources of one target compiled together, some at a time: most of the time from nothing goes into headers that every source
# reads. For a changed file it takes longer, so it is for continuous integration (.ci/run), not for work.
option(HEDDLE_UNITY "Compile sources of a target together, as .ci/run does" OFF)

# Those that are compiled on their own, for what a name alone does not show (unity_groups.py).
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/cmake/unity_alone.txt)
file(STRINGS ${CMAKE_SOURCE_DIR}/cmake/unity_alone.txt HEDDLE_UNITY_ALONE REGEX "^[a-z]")

# heddle_unity(<target> <size> <source>...): at most so many together; the paths are absolute.
function(heddle_unity target size)
  list(LENGTH ARGN count)
  if(NOT HEDDLE_UNITY OR count LESS 2)
    return()
  endif()
  set(together ${ARGN})
  foreach(name IN LISTS HEDDLE_UNITY_ALONE)
    list(REMOVE_ITEM together ${CMAKE_SOURCE_DIR}/${name})
  endforeach()
  execute_process(COMMAND /usr/bin/python3 -B ${CMAKE_SOURCE_DIR}/cmake/unity_groups.py ${size} ${together}
    OUTPUT_VARIABLE lines OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  string(REPLACE "\n" ";" pairs "${lines}")
  while(pairs)
    list(POP_FRONT pairs source group)
    set_source_files_properties(${source} TARGET_DIRECTORY ${target} PROPERTIES UNITY_GROUP "${group}")
  endwhile()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  # A class whose parts are in an anonymous namespace is in one file all the same.
  target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
endfunction()
