#include "control/api/view_model.h"

namespace heddle {
ViewModel model_of(const View& view) {
  ViewModel out;
  view.for_each([&out](const StoredResource::Ptr& resource) {
    if (resource->spec()) {
      put_spec(out.model, resource->key(), *resource->spec());
    } else {
      out.unreadable.push_back(resource->key());
    }
  });
  return out;
}
}  // namespace heddle
