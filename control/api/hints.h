// What the author of a refused change can do about it: the next step for the problems that are met most. Pure. Bounded:
// near names are looked for in 1,000 resources, for the first 10 problems.
#pragma once
#include <vector>

#include "control/api/answers.h"
#include "control/store/store.h"

namespace heddle {
// Fills the hints of problems that have none. `known`: the resources that could have been meant.
void add_hints(std::vector<ApiProblem>& problems, const View& known);

// A change that was refused because of what its author expected (kConflict): adds the problem that says of which
// resource, or of the whole mesh, and how to see what has changed. Nothing for any other refusal.
void explain_conflict(const Error& why, const CommitRequest& request, const View& now,
                      std::vector<ApiProblem>& problems);

// "heddle get httproute/hello -n shop -o yaml"
std::string get_command(const ResourceKey&);
}  // namespace heddle
