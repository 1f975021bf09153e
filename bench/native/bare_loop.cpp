/// The bare closed loop: what MuJoCo alone costs for recorded actions. The baseline of rollouts.py and train.py.
///
///     recorded start states, actions -> threads take episodes from a counter -> mj_step, and nothing else
///
/// A C interface, loaded by bench/bare.py: no observation, no policy, no reward, no error handling.
#include <mujoco/mujoco.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace {

struct Bare {
  mjModel* model;
  std::vector<mjData*> data;  // one for each thread
};

struct Work {
  std::int64_t episodes;
  const double* qpos;         // (E, nq) right after reset
  const double* qvel;         // (E, nv)
  const std::int64_t* first;  // (E + 1,) an episode's first row in `actions`
  const double* actions;      // (steps, nu)
  double* final_qpos;         // (E, nq) out
};

void run_episodes(const mjModel* model, mjData* data, int frame_skip, const Work& work,
                  std::atomic<std::int64_t>& next) {
  for (std::int64_t e = next++; e < work.episodes; e = next++) {
    mj_resetData(model, data);
    std::copy_n(work.qpos + e * model->nq, model->nq, data->qpos);
    std::copy_n(work.qvel + e * model->nv, model->nv, data->qvel);
    mj_forward(model, data);
    for (std::int64_t step = work.first[e]; step < work.first[e + 1]; ++step) {
      std::copy_n(work.actions + step * model->nu, model->nu, data->ctrl);
      for (int i = 0; i < frame_skip; ++i) mj_step(model, data);
    }
    std::copy_n(data->qpos, model->nq, work.final_qpos + e * model->nq);
  }
}

}  // namespace

extern "C" {

/// Null, and the reason in `error`, when the model does not load.
Bare* bare_make(const char* path, int threads, char* error, int error_size) {
  const mjLogConfig before = mju_getLogConfig();  // some of Gymnasium's models raise deprecation notes
  mjLogConfig quiet = before;
  quiet.logto_console = quiet.logto_file = 0;
  mju_setLogConfig(quiet);
  mjModel* model = mj_loadXML(path, nullptr, error, error_size);
  mju_setLogConfig(before);
  if (model == nullptr) return nullptr;
  Bare* bare = new Bare{model, {}};
  for (int i = 0; i < threads; ++i) bare->data.push_back(mj_makeData(model));
  return bare;
}

void bare_sizes(const Bare* bare, std::int64_t sizes[3]) {
  sizes[0] = bare->model->nq;
  sizes[1] = bare->model->nv;
  sizes[2] = bare->model->nu;
}

void bare_run(Bare* bare, int frame_skip, const Work* work) {
  std::atomic<std::int64_t> next = 0;
  std::vector<std::thread> threads;
  for (mjData* data : bare->data) {
    threads.emplace_back([=, &next] { run_episodes(bare->model, data, frame_skip, *work, next); });
  }
  for (std::thread& thread : threads) thread.join();
}

void bare_free(Bare* bare) {
  for (mjData* data : bare->data) mj_deleteData(data);
  mj_deleteModel(bare->model);
  delete bare;
}

}  // extern "C"
