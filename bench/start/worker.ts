/** Prints how many milliseconds one import took: the first thing that this process does. */
const [, , name] = process.argv;
const started = performance.now();
await import(name!);
console.log(performance.now() - started);

export {};
