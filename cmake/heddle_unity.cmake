# Sources of one folder compiled together, about six at a time: from nothing that takes a third of the time, for one changed
# file more. So it is for continuous integration (.ci/run), not for work. Which belong together follows from their names
# alone, so a new file changes one group and no other.
option(HEDDLE_UNITY "Compile the sources of a folder some at a time, as .ci/run does" OFF)

# Those that say a name in their anonymous namespace that another one of their group says, too.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/cmake/unity_alone.txt)
file(STRINGS ${CMAKE_SOURCE_DIR}/cmake/unity_alone.txt HEDDLE_UNITY_ALONE REGEX "^[a-z]")

function(heddle_unity target)
  if(NOT HEDDLE_UNITY)
    return()
  endif()
  list(LENGTH ARGN count)
  set(groups 1)
  while(count GREATER 8)
    math(EXPR count "${count} / 2")
    math(EXPR groups "${groups} * 2")
  endwhile()
  foreach(source IN LISTS ARGN)
    file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR} ${source})
    if(NOT name IN_LIST HEDDLE_UNITY_ALONE)
      string(MD5 digest ${name})
      string(SUBSTRING ${digest} 0 6 digest)
      math(EXPR group "0x${digest} % ${groups}")
      set_source_files_properties(${source} PROPERTIES UNITY_GROUP "${group}")
    endif()
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  # A class whose parts are in an anonymous namespace is in one file all the same.
  target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
endfunction()
