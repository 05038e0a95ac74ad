#include "operator/ingress/remarks.h"

#include "operator/ingress/class_ownership.h"

namespace ingress {

std::optional<Remark> Remarks::on(const kube::Ingress& ingress) const {
  if (!sources_.classes.has_synced() || !sources_.services.has_synced() ||
      sources_.in_force.are_awaited(kControllerName, options_.class_names)) {
    return std::nullopt;
  }
  const auto classes = sources_.classes.list();
  const ClassOwnership ownership(classes, kControllerName, options_.class_names,
                                 sources_.in_force.now_for(ingress.metadata.namespace_));
  if (auto remark = why_not_admitted(ingress, ownership)) return remark;
  if (!ownership.is_ours(ingress)) {
    return why_unclaimed(ingress, classes, {options_.class_names, options_.classes_elsewhere()});
  }
  const auto& name = options_.publish_service;
  return why_no_address(
      ingress, {name, name ? sources_.services.get(*name) : nullptr, options_.are_addresses_given});
}

}  // namespace ingress
