/// Terms of one's own in C++: quantities in a shared library, which tasks name by its path.
///
///     class Lean : public Computed { ... };
///     BIERL_TERMS(quantity<Lean>("lean", "How far the torso leans."))          { term = "./libmine.so:lean" }
///
/// A class is what those of bodies.cpp are: `Options` with `read(OptionReader&)`, and a constructor of (Moment,
/// Options, what errors call the term). Build it as a module with CMake's find_package(bierl COMPONENTS mujoco).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <bierl/mujoco/terms/quantity.hpp>
#include <bierl/mujoco/terms/slices.hpp>

namespace bierl::mujoco::terms {

/// What must be the same on both sides of the border.
struct PluginAbi {
  const char* bierl;
  int mujoco;
  int compiler;
  std::size_t sizes[4];
};

inline constexpr PluginAbi kPluginAbi = {
    .bierl = BIERL_VERSION,
    .mujoco = mjVERSION_HEADER,
    .compiler = __GXX_ABI_VERSION,
    .sizes = {sizeof(Moment), sizeof(OptionReader), sizeof(QuantityEntry), sizeof(OptionValue)},
};

constexpr bool same_abi(const PluginAbi& one, const PluginAbi& other) {
  bool same =
      std::string_view(one.bierl) == other.bierl && one.mujoco == other.mujoco && one.compiler == other.compiler;
  for (std::size_t i = 0; i < 4; ++i) same = same && one.sizes[i] == other.sizes[i];
  return same;
}

/// What a library hands over. Its beginning stays as it is in every version.
struct Plugin {
  PluginAbi abi;
  const std::vector<QuantityEntry>* terms;
};

}  // namespace bierl::mujoco::terms

/// The terms of a library, once in it: entries, made by quantity<Class>(name, help).
#define BIERL_TERMS(...)                                                                                \
  extern "C" __attribute__((visibility("default"))) const bierl::mujoco::terms::Plugin* bierl_terms() { \
    static const std::vector<bierl::mujoco::terms::QuantityEntry> terms = {__VA_ARGS__};                \
    static const bierl::mujoco::terms::Plugin plugin = {bierl::mujoco::terms::kPluginAbi, &terms};      \
    return &plugin;                                                                                     \
  }
