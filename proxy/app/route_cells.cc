#include "proxy/app/route_cells.h"

namespace heddle {
void RouteCells::reset(size_t route_id_limit) {
  by_rule_.assign(route_id_limit, Cell{});
  others_.clear();
  by_port_.clear();
}
}  // namespace heddle
