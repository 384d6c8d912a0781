/** Variables that a runtime may need; what else Node-RED was given, such as its secrets, is none of its business. */
const PASSED =
  /^(PATH|HOME|USER|LANG|LANGUAGE|LC_.*|TZ|TMPDIR|TEMP|TMP|LD_LIBRARY_PATH|DYLD_.*|NODE_PATH|SYSTEMROOT|WINDIR|USERPROFILE|APPDATA|LOCALAPPDATA|ORT_.*|TF_.*|OMP_.*|CUDA_.*|NVIDIA_.*|OPENBLAS_.*|MALLOC_.*)$/i;

export function environmentOf(all: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(all).filter(([name]) => PASSED.test(name)));
}
