// The part of the command table that puts Heddle into a Kubernetes cluster: install, uninstall, check --pre.
#include "cli/command_line.h"
#include "cli/command_parts.h"

namespace heddle::detail {
namespace {
constexpr char kInstallFooter[] =
    R"(Prints the manifests of k8s/ (base, or an overlay) as `kubectl kustomize` would, with these names put in. Touches nothing.

Examples:
  heddle install | kubectl apply -f -
  heddle install --overlay ha --image heddle-control=registry.example.org/heddle-control:0.1.0 \
    --image heddle-proxy=registry.example.org/heddle-proxy:0.1.0
)";

constexpr char kUninstallFooter[] =
    R"(Prints the names of what `heddle install` with the same options made, in the order in which it is to go: the webhook first, so
that no pod waits for a control plane that is gone. With the CRDs go all policies of the cluster. Pods keep their
sidecars until they are made anew.

Examples:
  heddle uninstall | kubectl delete --ignore-not-found -f -
  heddle uninstall --keep-crds
)";

constexpr char kInjectFooter[] =
    R"(Reads manifests (Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob, List) and prints them with the sidecar in
them, as the webhook would put it into their pods; whatever describes no pods is printed as it is. Annotations of the
pods count, those of a namespace are not known here. Twice is the same as once; `heddle uninject` takes it out.

Examples:
  heddle inject -f web.yaml | kubectl apply -f -
  kubectl get deployment web -o yaml | heddle inject -f - --classic-sidecar | kubectl apply -f -
)";

constexpr char kUninjectFooter[] =
    R"(The way back: manifests without what `heddle inject` put in.

Examples:
  heddle uninject -f injected.yaml
)";
}  // namespace

void CommandLine::add_inject() {
  CLI::App& inject = subcommand(*app_, "inject", "Put sidecars into manifests", kInjectFooter);
  add_files(inject);
  inject
      .add_option("--image", words_.inject_image,
                  "Image of sidecar and init step (default: heddle-proxy of this version)")
      ->type_name("IMAGE");
  inject.add_option("--control", words_.inject_control, "Where sidecars reach the control plane")
      ->type_name("HOST:PORT");
  inject.add_option("--trust-domain", words_.trust_domain, "Trust domain of the mesh (default: cluster.local)")
      ->type_name("NAME");
  inject.add_flag("--classic-sidecar", words_.classic_sidecar,
                  "An ordinary container, for Kubernetes before 1.29 (default: a native sidecar)");
  add_files(subcommand(*app_, "uninject", "Take sidecars out of manifests", kUninjectFooter));
}

void CommandLine::add_install() {
  CLI::App& install = subcommand(*app_, "install", "Print the manifests of Heddle for Kubernetes", kInstallFooter);
  CLI::App& uninstall =
      subcommand(*app_, "uninstall", "Print what to delete to take Heddle out of Kubernetes", kUninstallFooter);
  for (CLI::App* app : {&install, &uninstall}) {
    app->add_option("--overlay", words_.overlay, "base (one control plane with a volume), dev (without), ha (three)")
        ->type_name("NAME");
    app->add_option("-n,--namespace", words_.install_ns, "Namespace of the control plane (default: heddle-system)")
        ->type_name("NS");
  }
  install.add_option("--image", words_.images, "heddle-control=IMAGE, heddle-proxy=IMAGE (repeatable)")
      ->type_name("NAME=IMAGE");
  install.add_option("--trust-domain", words_.trust_domain, "Trust domain of the mesh (default: cluster.local)")
      ->type_name("NAME");
  uninstall.add_flag("--keep-crds", words_.keep_crds, "Leave the CRDs, and with them all policies");
}

void CommandLine::add_pre(CLI::App& check) {
  check.add_flag("--pre", words_.pre, "Ask a Kubernetes cluster whether it can take Heddle");
  check
      .add_option("--kubeconfig", words_.kubeconfig,
                  "How its API server is reached (default: $KUBECONFIG, ~/.kube/config)")
      ->type_name("FILE");
  check.add_option("--kube-context", words_.kube_context, "Context of the kubeconfig (default: its current one)")
      ->type_name("NAME");
  check.add_option("--kube-api-url", words_.kube_api_url, "Instead: plain address of a `kubectl proxy`")
      ->type_name("URL");
  check.add_option("-n,--namespace", words_.install_ns, "Where it is to go (default: heddle-system)")->type_name("NS");
}
}  // namespace heddle::detail
