#include <bierl/mujoco/handles.hpp>

#include <dlfcn.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <utility>

#include <bierl/core/error.hpp>

namespace bierl::mujoco {
namespace {

std::string dotted(int version) {
  return std::to_string(version / 1'000'000) + "." + std::to_string(version / 1000 % 1000) + "." +
         std::to_string(version % 1000);
}

/// No console and no log file while alive. The setting is the process's, so one at a time.
class QuietLog {
 public:
  QuietLog() : lock_(mutex()), before_(mju_getLogConfig()) {
    mjLogConfig quiet = before_;
    quiet.logto_console = 0;
    quiet.logto_file = 0;
    mju_setLogConfig(quiet);
  }
  ~QuietLog() { mju_setLogConfig(before_); }
  QuietLog(const QuietLog&) = delete;
  QuietLog& operator=(const QuietLog&) = delete;

 private:
  static std::mutex& mutex() {
    static std::mutex one;
    return one;
  }
  std::lock_guard<std::mutex> lock_;
  mjLogConfig before_;
};

std::string one_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  for (std::size_t at; (at = text.find('\n')) != std::string::npos;) text.replace(at, 1, "; ");
  return text;
}

// A compiled model. MuJoCo says what is wrong with one by its warning handler alone, and answers null.
mjModel* load_binary(const std::string& path, std::array<char, 1024>& reason) {
  mjModel* model = mj_loadModel(path.c_str(), nullptr);
  if (model == nullptr) {
    std::snprintf(reason.data(), reason.size(), "there is no such file, or it is no MJB file of MuJoCo %s",
                  mj_versionString());
  }
  return model;
}

// A pipe in its place would be waited for, and a device read without end.
void require_file(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code unknown;
  const auto kind = fs::status(path, unknown).type();
  if (kind != fs::file_type::regular && kind != fs::file_type::not_found && kind != fs::file_type::none)
    throw SimulationError("cannot load the model '" + path + "': it is no file");
}

// MuJoCo's own plugins (mujoco.pid, mujoco.elasticity.cable, ...), which lie beside its library: models that name one
// load in Python as well, whose package does the same.
void load_plugins() {
  static std::once_flag once;
  std::call_once(once, [] {
    Dl_info library{};
    if (dladdr(reinterpret_cast<const void*>(&mj_version), &library) == 0 || library.dli_fname == nullptr) return;
    const auto folder = std::filesystem::path(library.dli_fname).parent_path() / "plugin";
    std::error_code unknown;
    if (std::filesystem::is_directory(folder, unknown)) mj_loadAllPluginLibraries(folder.c_str(), nullptr);
  });
}

// From a file, or from `files` where they are given.
Model load(const std::string& path, const mjVFS* files) {
  require_matching_mujoco();
  if (files == nullptr) require_file(path);
  std::array<char, 1024> reason{};
  const QuietLog quiet;
  load_plugins();
  mjModel* model = path.ends_with(".mjb")
                       ? load_binary(path, reason)
                       : mj_loadXML(path.c_str(), files, reason.data(), static_cast<int>(reason.size()));
  if (model == nullptr) throw SimulationError("cannot load the model '" + path + "': " + one_line(reason.data()));
  return Model(model, [](const mjModel* owned) { mj_deleteModel(const_cast<mjModel*>(owned)); });
}

}  // namespace

void require_matching_mujoco() {
  const int found = mj_version();
  if (found == mjVERSION_HEADER) return;
  throw SimulationError("MuJoCo " + dotted(found) + " is loaded, but this was compiled with " +
                        dotted(mjVERSION_HEADER) + "; run: pip install mujoco==" + dotted(mjVERSION_HEADER));
}

Model load_model(const std::string& path) { return load(path, nullptr); }

Model load_model_as_it_is(const std::string& path) {
  mj_clearCache(mj_getCache());
  return load_model(path);
}

Model parse_model(const std::string& name, const std::string& xml) {
  const std::unique_ptr<mjVFS, void (*)(mjVFS*)> files(new mjVFS, [](mjVFS* owned) {
    mj_deleteVFS(owned);
    delete owned;
  });
  mj_defaultVFS(files.get());
  if (mj_addBufferVFS(files.get(), name.c_str(), xml.data(), static_cast<int>(xml.size())) != 0)
    throw SimulationError("MuJoCo cannot take in the model '" + name + "'");
  return load(name, files.get());
}

std::vector<unsigned char> saved_model(const mjModel* model) {
  std::vector<unsigned char> bytes(static_cast<std::size_t>(mj_sizeModel(model)));
  mj_saveModel(model, nullptr, bytes.data(), static_cast<mjtSize>(bytes.size()));
  return bytes;
}

std::string model_hash(const mjModel* model) {
  std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a, of http://www.isthe.com/chongo/tech/comp/fnv
  for (const unsigned char byte : saved_model(model)) hash = (hash ^ byte) * 0x100000001b3U;
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(hash));
  return text.data();
}

Guard::Guard(const mjModel* model) {
  mjBatchConfig config;
  mjb_defaultConfig(&config);
  config.nthread = 1;
  std::array<char, 1024> reason{};
  batch_.reset(mjb_makeBatch(model, 1, &config, reason.data(), static_cast<int>(reason.size())));
  if (!batch_) throw SimulationError(std::string("MuJoCo cannot make a batch of one simulation: ") + reason.data());
}

Simulation::Simulation(Model model) : model_(std::move(model)), data_(mj_makeData(model_.get())), guard_(model_.get()) {
  if (!data_) throw SimulationError("MuJoCo cannot allocate the state of a simulation");
  silence_warnings(data_.get());
}

}  // namespace bierl::mujoco
