"""app.py - the payment service as an article sketches it: POST /pay answers what it was sent, with
payment_status success. With SKETCH_DB it also stores one row durably for each request: SQLite with
a write-ahead log and synchronous=FULL, the fastest setting that survives a power cut; no index, no
check whether the order is paid already.
"""
import os
import sqlite3

from flask import Flask, jsonify, request

app = Flask(__name__)
database = None
if "SKETCH_DB" in os.environ:
    database = sqlite3.connect(os.environ["SKETCH_DB"], timeout=30)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE IF NOT EXISTS payments (order_id TEXT, amount REAL)")


@app.post("/pay")
def pay():
    data = request.get_json()
    order_id, amount = data["order_id"], data["amount"]
    if database is not None:
        with database:
            database.execute("INSERT INTO payments VALUES (?, ?)", (order_id, amount))
    return jsonify(order_id=order_id, amount=amount, payment_status="success")
