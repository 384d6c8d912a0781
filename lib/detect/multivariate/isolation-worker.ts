import { serve } from "../../workers";
import { fitIsolationForest, type IsolationForestOptions } from "./isolation-forest";

serve({
  fit: ({ points, options }: { points: readonly Float64Array[]; options: IsolationForestOptions }) =>
    fitIsolationForest(points, options),
});
