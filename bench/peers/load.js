/** Loads a package that is installed beside this file, whoever asks. */
export const load = (name) => import(name);
