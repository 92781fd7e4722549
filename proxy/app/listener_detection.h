// How a listener of the bootstrap detects protocols: whether it does at all, what it calls its destination, and which
// setting it advises when the time passes. Pure but for the Detector it makes.
#pragma once
#include <memory>
#include <string>

#include "proxy/app/settings.h"
#include "proxy/app/worker.h"
#include "proxy/exchange/detector.h"

namespace heddle {

// "hello.default:80", "127.0.0.1:8080"; empty: by Host.
std::string destination_of(const ListenerSettings&);

// Nothing where the protocol is known without a byte of the client.
std::optional<Detector::Spec> detector_spec(const ListenerSettings&);

// Null: nothing to detect, or nowhere to remember it.
std::unique_ptr<Detector> make_detector(const ListenerSettings&, DestinationMemory*, const WorkerShared&);
}  // namespace heddle
