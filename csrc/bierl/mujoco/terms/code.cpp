#include <bierl/mujoco/terms/code.hpp>

#include <dlfcn.h>

#include <algorithm>
#include <filesystem>
#include <limits>

#include <bierl/core/error.hpp>
#include <bierl/core/names.hpp>
#include <bierl/mujoco/terms/fields.hpp>
#include <bierl/mujoco/terms/plugin.hpp>

namespace bierl::mujoco::terms {
namespace {

constexpr const char* kLibrary = ".so";
constexpr const char* kSymbol = "bierl_terms";
constexpr int kMostNumbers = 1 << 24;
// Behind a term's numbers lies memory of its own, for what writes more of them than it said; else that were others'.
constexpr std::size_t kMargin = 4096;
constexpr std::size_t kWatched = 8;  // of the margin, after each call
constexpr double kUntouched = -1.4142135623730951e-290;

class Compiled final : public Quantity {
 public:
  struct Options {
    CompiledTerm function;
    int size;
    bool contact_forces;
    static Options read(OptionReader& reader) {
      const FunctionAddress function = reader.function("function");
      require(reader.listing() || function.address != nullptr, reader.task() + ": its function was not compiled");
      const Options options{reinterpret_cast<CompiledTerm>(function.address), reader.count("size", 1),
                            reader.flag("contact_forces", false)};
      require(options.size <= kMostNumbers, reader.task() + ": size must be at most " + std::to_string(kMostNumbers) +
                                                ", got " + std::to_string(options.size));
      return options;
    }
  };
  Compiled(const Moment& moment, const Options& options, const std::string& who)
      : Quantity(options.size),
        too_many_(who + ": it writes more numbers than its size, " + std::to_string(options.size) +
                  "; say in size how many it is"),
        function_(options.function),
        contact_forces_(options.contact_forces),
        views_(moment, options.contact_forces),
        values_(static_cast<std::size_t>(options.size) + kMargin, kUntouched) {
    call();
    require(kept(kMargin), too_many_);
  }
  bool reads_contact_forces() const override { return contact_forces_; }
  const double* read() override {
    call();
    // MuJoCo's own way out: nothing may be thrown inside its guard.
    if (!kept(kWatched)) mju_error("%s", too_many_.c_str());
    return values_.data();
  }

 private:
  void call() {
    // What it does not write is no number of the step before.
    std::fill_n(values_.begin(), size(), std::numeric_limits<double>::quiet_NaN());
    function_(values_.data(), size(), views_.values(), views_.rows());
  }
  // Whether it left the first `count` numbers behind its own alone.
  bool kept(std::size_t count) const {
    const double* const margin = values_.data() + size();
    return std::all_of(margin, margin + count, [](double value) { return value == kUntouched; });
  }

  std::string too_many_;  // what it is told then
  CompiledTerm function_;
  bool contact_forces_;
  Views views_;
  std::vector<double> values_;
};

const QuantityEntry& compiled() {
  static const QuantityEntry entry = quantity<Compiled>("compiled", "A compiled function of Python.");
  return entry;
}

std::string versions(const PluginAbi& abi) {
  const int mujoco = abi.mujoco;
  return std::string("bierl ") + abi.bierl + " and MuJoCo " + std::to_string(mujoco / 1'000'000) + "." +
         std::to_string(mujoco / 1000 % 1000) + "." + std::to_string(mujoco % 1000);
}

// Never closed: tasks of any thread may hold objects of its classes.
const Plugin& open(const std::string& who, const std::string& path) {
  require(std::filesystem::is_regular_file(path), who + ": there is no library " + path);
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw ArgumentError(who + ": the library cannot be loaded: " + dlerror());
  void* symbol = dlsym(library, kSymbol);
  require(symbol != nullptr, who + ": the library " + path + " has no symbol " + kSymbol +
                                 ", which BIERL_TERMS(...) of bierl/mujoco/terms/plugin.hpp makes");
  const auto* plugin = reinterpret_cast<const Plugin* (*)()>(symbol)();
  if (same_abi(plugin->abi, kPluginAbi)) return *plugin;
  const std::string its = versions(plugin->abi);
  const std::string ours = versions(kPluginAbi);
  throw ArgumentError(
      who + ": the library " + path + " was built against " + its +
      (its == ours ? " by another compiler, or in another state, than this one" : ", and this is " + ours) +
      "; build it again");
}

}  // namespace

bool is_code(const std::string& term) { return term.find(':') != std::string::npos; }

std::string name_in(const std::string& term) { return term.substr(term.rfind(':') + 1); }

const QuantityEntry& code_quantity(const std::string& who, const std::string& term) {
  const std::string home = term.substr(0, term.rfind(':'));
  if (!home.ends_with(kLibrary)) return compiled();
  const Plugin& plugin = open(who, home);
  const std::vector<QuantityEntry>& table = *plugin.terms;
  const std::string name = name_in(term);
  const auto found =
      std::find_if(table.begin(), table.end(), [&name](const auto& entry) { return entry.name == name; });
  if (found != table.end()) return *found;
  std::vector<std::string> known;
  known.reserve(table.size());
  for (const QuantityEntry& entry : table) known.push_back(entry.name);
  throw unknown_name("term of the library " + home + " for " + who, name, known);
}

}  // namespace bierl::mujoco::terms
