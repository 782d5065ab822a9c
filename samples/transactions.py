"""Queues a task from Python, if and only if a transaction commits; docs/guide/transactions.md has the fields.

    python3 samples/transactions.py mongodb://localhost:27017/test NAME ID [--abort]

NAME is that of the cluster. It needs PyMongo, and a server that has transactions.
"""
import sys

import bson
from bson.binary import Binary
from pymongo import MongoClient


def submit(session, outbox, name, task, at=None):
    entry = {"name": name, "key": task["id"], "payload": Binary(bson.encode(task))}
    if at is not None:
        entry["at"] = at
    outbox.insert_one(entry, session=session)


def main(uri, name, task_id, *more):
    with MongoClient(uri) as client:
        database = client.get_default_database()
        with client.start_session() as session:
            session.start_transaction()
            database["sample_orders"].insert_one({"order": task_id}, session=session)
            submit(session, database["failover_outbox"], name, {"id": task_id, "by": "Python"})
            if "--abort" in more:
                session.abort_transaction()
                print("aborted", task_id)
            else:
                session.commit_transaction()
                print("committed", task_id)


if __name__ == "__main__":
    main(*sys.argv[1:])
