module.exports = (task) => task.id > 0;
