#include <bierl/mujoco/handles.hpp>

#include <array>
#include <mutex>
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

// From a file, or from `files` where they are given.
Model load(const std::string& path, const mjVFS* files) {
  require_matching_mujoco();
  std::array<char, 1024> reason{};
  const QuietLog quiet;
  mjModel* model = mj_loadXML(path.c_str(), files, reason.data(), static_cast<int>(reason.size()));
  if (model == nullptr) throw SimulationError("cannot load the model '" + path + "': " + reason.data());
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
