// The package brings no types; those of the registry are another package, and what is used here is a handful of methods.
declare module 'better-sqlite3';
