// Imports with extensions, without which neither Node nor TypeScript's `nodenext` finds the files.
export default { output: { path: 'api', module: { extension: '.js' } } };
