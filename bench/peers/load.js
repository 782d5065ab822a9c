/** Loads a package that is installed beside this file, for a caller elsewhere. */
export const load = (name) => import(name);
