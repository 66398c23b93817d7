// Imports have extensions, which Node and TypeScript's `nodenext` require.
export default { output: { path: 'api', module: { extension: '.js' } } };
