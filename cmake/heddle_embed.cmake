# The manifests of k8s/ as text in the command line: `heddle install` prints what `kubectl apply -k` reads. CRDs are
# not among them, they come from the field table.
set(HEDDLE_MANIFESTS base/namespace base/rbac base/control base/network-policy base/injector overlays/dev/control
  overlays/ha/control overlays/ha/pdb)

function(heddle_embed_manifests target)
  set(rows)
  foreach(name IN LISTS HEDDLE_MANIFESTS)
    set(file ${CMAKE_SOURCE_DIR}/k8s/${name}.yaml)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} text)
    string(APPEND rows "    {\"${name}.yaml\", R\"heddle(${text})heddle\"},\n")
  endforeach()
  set(made ${HEDDLE_GENERATED}/cli/manifest_files.cc)
  file(GENERATE OUTPUT ${made} CONTENT "#include \"cli/manifest_files.h\"

namespace heddle {
namespace {
constexpr ManifestFile kFiles[] = {
${rows}};
}  // namespace
std::span<const ManifestFile> manifest_files() noexcept { return kFiles; }
}  // namespace heddle
")
  target_sources(${target} PRIVATE ${made})
endfunction()
