import { serve } from "../workers/serve";
import { type TrainingTask, trainLocally } from "./training";

serve({
  train: (task: TrainingTask) => trainLocally(task),
});
