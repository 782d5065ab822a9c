/** The work of `commonjs.cjs`: what a work module in CommonJS exports is the function itself. */
module.exports = function work(task, context) {
  console.log(`task ${task.id}, under term ${context.term}`);
  return true;
};
