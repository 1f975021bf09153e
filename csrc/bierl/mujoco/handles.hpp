/// Owners of what MuJoCo allocates, and the guard that turns MuJoCo's errors into values.
///
///     load_model(path) -> Model, shared by every worker
///     Simulation(model): the model, an mjData of its own, a Guard; one per thread
///
/// MuJoCo reports errors through a process-wide handler that ends the process. Inside Guard::run they end
/// the guarded function alone, by longjmp: no object with a destructor may be alive in that function or
/// below.
#pragma once

#include <mujoco/mjbatch.h>
#include <mujoco/mujoco.h>

#include <memory>
#include <string>
#include <vector>

namespace bierl::mujoco {

using Model = std::shared_ptr<const mjModel>;

/// Compares the library in this process with the headers this was compiled with.
/// Throws SimulationError, with the pip line that repairs it, when they differ.
void require_matching_mujoco();

/// Reads an MJCF file, or an MJB file where the name ends in .mjb. Quiet: deprecation notes go neither to the console
/// nor to MUJOCO_LOG.TXT. Throws SimulationError with the file and MuJoCo's reason. Safe to call from several threads.
Model load_model(const std::string& path);

/// The same, without what MuJoCo remembers of meshes and other files: it takes them for unchanged when they were
/// written again within the same second.
Model load_model_as_it_is(const std::string& path);

/// The same for MJCF text; `name` is what errors call it.
Model parse_model(const std::string& name, const std::string& xml);

/// A compiled model as MuJoCo writes it to MJB files.
std::vector<unsigned char> saved_model(const mjModel* model);

/// 16 hexadecimal digits that change with anything in a compiled model, meshes and textures included: a checksum, which
/// is no safeguard against who means harm.
std::string model_hash(const mjModel* model);

/// Runs functions that call MuJoCo so that an mju_error inside ends only them.
/// One thread at a time per guard; guards in different threads do not meet. A run costs about 0.16 us.
class Guard {
 public:
  explicit Guard(const mjModel* model);

  /// Calls function(the guard's own model, the guard's own data, 0, argument); work on what `argument` names
  /// instead. False when MuJoCo raised an error: `error()` has its text, and an mjData that was in use needs
  /// mj_resetData.
  bool run(mjfBatchFunc function, void* argument) {
    return mjb_apply(batch_.get(), nullptr, 0, function, argument, 0) == 0;
  }
  /// The last run's error, "" if none.
  std::string error() const { return mjb_error(batch_.get(), 0); }

 private:
  struct Delete {
    void operator()(mjBatch* batch) const { mjb_deleteBatch(batch); }
  };
  std::unique_ptr<mjBatch, Delete> batch_;
};

/// One simulation: a shared model, its own state, its own guard. One thread at a time uses it.
class Simulation {
 public:
  explicit Simulation(Model model);

  const mjModel* model() const { return model_.get(); }
  mjData* data() const { return data_.get(); }
  Guard& guard() { return guard_; }

 private:
  struct Delete {
    void operator()(mjData* data) const { mj_deleteData(data); }
  };
  Model model_;
  std::unique_ptr<mjData, Delete> data_;
  Guard guard_;
};

/// The count of every warning starts here instead of at 0, because MuJoCo prints a warning exactly when it
/// raises the count from 0. Any other value afterwards means that the warning was raised.
inline constexpr int kSilent = 1 << 30;

/// Keeps MuJoCo from printing or logging warnings of this state. Call after every mj_resetData.
inline void silence_warnings(mjData* data) {
  for (mjWarningStat& warning : data->warning) warning.number = kSilent;
}

/// True when positions, velocities, accelerations or controls were not finite (or huge) since
/// silence_warnings. MuJoCo's automatic reset, which zeroes the counts, shows too.
inline bool diverged(const mjData* data) {
  for (const int kind : {mjWARN_BADQPOS, mjWARN_BADQVEL, mjWARN_BADQACC, mjWARN_BADCTRL}) {
    if (data->warning[kind].number != kSilent) return true;
  }
  return false;
}

}  // namespace bierl::mujoco
