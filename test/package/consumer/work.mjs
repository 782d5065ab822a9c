export default (task) => task.id === 1;
