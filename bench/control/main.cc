// heddle-bench-sidecars: simulated sidecars for `./dev bench control` (bench/control/bench_control.py drives it).
//
// usage: heddle-bench-sidecars --control IP:PORT --ca-cert FILE --ca-key FILE [--first N] [--sidecars N] [--services N]
//                              [--wants N] [--seed N] [--trust-domain NAME] [--handshake-only yes]
//
// Says what its sidecars want, then answers each line of its input with a line of JSON: go (connect all), report,
// arrivals (since the last time), quit. It ends with its input.
#include <csignal>
#include <cstdio>
#include <iostream>
#include <map>
#include <thread>

#include "bench/control/fleet.h"
#include "certs/narrow_openssl.h"
#include "lib/base/file.h"
#include "lib/base/strings.h"
#include "lib/net/socket.h"

namespace heddle {
namespace {
constexpr size_t kMaxPem = 64 * 1024;

Result<std::map<std::string, std::string>> read_flags(int argc, char** argv) {
  std::map<std::string, std::string> flags;
  for (int i = 1; i < argc; i += 2) {
    std::string_view name = argv[i];
    if (!name.starts_with("--") || i + 1 == argc) return make_error(Reason::kBadRequest, "expected --name value");
    flags.emplace(name.substr(2), argv[i + 1]);
  }
  return flags;
}

Result<FleetOptions> read_options(std::map<std::string, std::string> flags) {
  FleetOptions out;
  HEDDLE_TRY(out.control, Address::parse(flags["control"]));
  HEDDLE_TRY(out.ca_certificates, read_file(flags["ca-cert"], kMaxPem));
  HEDDLE_TRY(out.ca_key, read_file(flags["ca-key"], kMaxPem));
  if (flags.contains("trust-domain")) out.trust_domain = flags["trust-domain"];
  out.handshake_only = flags.contains("handshake-only");
  auto number = [&flags](const char* name, uint32_t& value) {
    if (flags.contains(name)) value = static_cast<uint32_t>(std::strtoul(flags[name].c_str(), nullptr, 10));
  };
  number("first", out.first);
  number("sidecars", out.sidecars);
  number("services", out.services);
  number("wants", out.wants);
  uint32_t seed = 1;
  number("seed", seed);
  out.seed = seed;
  if (out.sidecars == 0 || out.services == 0 || out.sidecars > 100'000 || out.services > 100'000) {
    return make_error(Reason::kBadRequest, "expected 1 to 100000 sidecars and services");
  }
  return out;
}

void answer(const std::string& line) {
  std::fputs((line + "\n").c_str(), stdout);
  std::fflush(stdout);
}

// On the loop.
void obey(SimulatedFleet& fleet, const std::string& word, bool& is_over) {
  if (word == "go") {
    uint64_t began = SimulatedFleet::now();
    fleet.connect_all();
    answer(str_cat("{\"went\":", std::to_string(began), "}"));
  } else if (word == "report") {
    answer(fleet.report());
  } else if (word == "arrivals") {
    answer(fleet.take_arrivals());
  } else {
    is_over = true;
  }
}

Result<void> run(int argc, char** argv) {
  HEDDLE_CHECK_OK(narrow_openssl());
  HEDDLE_TRY(auto flags, read_flags(argc, argv));
  HEDDLE_TRY(FleetOptions options, read_options(std::move(flags)));
  raise_nofile_limit();
  bool is_over = false;
  Loop loop;
  HEDDLE_TRY(std::unique_ptr<SimulatedFleet> fleet, SimulatedFleet::create(loop, std::move(options)));
  answer(fleet->wanted());
  std::thread reader([&] {
    for (std::string word; std::getline(std::cin, word) && word != "quit";) {
      loop.post([&fleet, &is_over, word] { obey(*fleet, word, is_over); });
    }
    loop.post([&is_over] { is_over = true; });
  });
  loop.run_until([&is_over] { return is_over; });
  reader.join();
  return {};
}
}  // namespace
}  // namespace heddle

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  auto done = heddle::run(argc, argv);
  if (done) return 0;
  std::fprintf(stderr, "heddle-bench-sidecars: %s\n", done.error().text().c_str());
  return 1;
}
