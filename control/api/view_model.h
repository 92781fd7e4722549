// View -> model of lib/config: the store keeps every resource parsed, so this copies pointers. Pure.
#pragma once
#include "control/store/view.h"
#include "lib/config/model.h"

namespace heddle {
struct ViewModel {
  Model model;
  std::vector<ResourceKey> unreadable;  // of a later version's store (see StoredResource::spec); not in the model
};
ViewModel model_of(const View&);
}  // namespace heddle
