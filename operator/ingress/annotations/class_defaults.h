#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "kube/object.h"
#include "operator/ingress/annotations/source.h"

// What a class says for those of its Ingresses that say nothing (EdgeParameters,
// spec.defaults.annotations): keys that are honoured, with the values and the meaning that they
// have in an Ingress, so that one parser reads both.
namespace ingress::annotations {

// Before what an Ingress has from its class. Nobody can write it: no annotation of an object begins
// so. In messages it says whose it is.
inline constexpr std::string_view kClassPrefix = "(of its class) ";

// What find() looks for: by the Ingress itself, and where it says nothing by its class.
std::optional<Found> find_said(const AnnotationMap& annotations, std::string_view key);
std::optional<Found> find_of_class(const AnnotationMap& annotations, std::string_view key);

// Without a prefix.
using ClassDefaults = std::map<std::string, std::string>;

// As the definition of EdgeParameters has it for one value.
inline constexpr std::size_t kClassDefaultBytesMax = 4096;

// The keys that a class may have, in order. None names a Secret or a ConfigMap, which are of a
// namespace, and none claims a place that another Ingress might want.
std::span<const std::string_view> keys_of_classes();

// Another key that is for the same thing; empty: there is none. What an Ingress says under one of
// them it does not have from its class under the other, and who is refused one is refused both.
std::string_view twin_of(std::string_view key);

// Why a class may not say this, in half a sentence about the first that it may not; empty: it may.
std::string problem_of(const ClassDefaults& defaults);

// Whom its auth-url has asked, where that is a Service.
std::optional<kube::ObjectKey> asked_service(const ClassDefaults& defaults);

// The annotations of an Ingress, and below kClassPrefix what its class says that it does not say
// otherwise. A canary has nothing from its class: what it joins is guarded by its own Ingress. One
// that `answers_challenges` of an ACME server has nobody asked who that is, as with ingress-nginx.
AnnotationMap with_defaults(const AnnotationMap& said, const ClassDefaults& defaults,
                            bool answers_challenges = false);

// Of a canary: what it would have of its class if it were none, as what it joins may have it.
AnnotationMap with_defaults_of_joined(const AnnotationMap& canary, const ClassDefaults& defaults);

// enable-global-auth, which those above go by.
void judge_global_auth(const AnnotationMap& annotations, Issues& issues);

}  // namespace ingress::annotations
