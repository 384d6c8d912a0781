export { DeviceInput, type InputSpec, inputSpec, type Sample } from "./device-input";
export { predictionsOf, type Subject } from "./predictions";
export { isTensorLike, tensorInputs } from "./tensor-input";
