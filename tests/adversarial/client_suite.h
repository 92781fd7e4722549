// ClientSuite: cases of hostile clients: one proxy and two before a recording upstream, started once for all cases.
#pragma once
#include "tests/adversarial/rig.h"
#include "tests/adversarial/verdict.h"

namespace heddle::adversarial {
class ClientSuite : public testing::TestWithParam<Case> {
 public:
  static void SetUpTestSuite() {
    recorder_ = std::make_unique<Recorder>();
    single_ = Rig::single(recorder_->address());
    pair_ = Rig::pair(recorder_->address());
  }
  static void TearDownTestSuite() {
    single_.reset();
    pair_.reset();
    recorder_.reset();
  }

 protected:
  static inline std::unique_ptr<Recorder> recorder_;
  static inline std::unique_ptr<Rig> single_;
  static inline std::unique_ptr<Rig> pair_;
};
}  // namespace heddle::adversarial
