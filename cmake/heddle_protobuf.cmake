# A folder's *.proto, compiled for the lite runtime into the folder's own library. What protoc makes lies in the build
# tree, is included as "<folder>/x.pb.h" and is not held to our warnings.
find_program(HEDDLE_PROTOC protoc REQUIRED)
set(HEDDLE_GENERATED ${CMAKE_BINARY_DIR}/generated)
add_custom_target(heddle_generated)  # for tools that read sources without compiling them

function(heddle_protobuf target folder)
  file(GLOB protos CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.proto)
  foreach(proto IN LISTS protos)
    get_filename_component(name ${proto} NAME_WE)
    set(made ${HEDDLE_GENERATED}/${folder}/${name}.pb)
    file(MAKE_DIRECTORY ${HEDDLE_GENERATED}/${folder})
    add_custom_command(OUTPUT ${made}.cc ${made}.h DEPENDS ${proto}
      COMMAND ${HEDDLE_PROTOC} --proto_path=${CMAKE_SOURCE_DIR} --cpp_out=${HEDDLE_GENERATED} ${proto})
    set_source_files_properties(${made}.cc PROPERTIES COMPILE_OPTIONS -w SKIP_PRECOMPILE_HEADERS ON)
    target_sources(${target} PRIVATE ${made}.cc ${made}.h)
    target_include_directories(${target} SYSTEM PRIVATE ${HEDDLE_GENERATED})
    add_custom_target(heddle_generated_${name} DEPENDS ${made}.h)
    add_dependencies(heddle_generated heddle_generated_${name})
    add_dependencies(${target} heddle_generated_${name})
  endforeach()
endfunction()
