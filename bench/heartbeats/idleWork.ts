/** The work of many clusters: nothing. */
export default (): boolean => true;
