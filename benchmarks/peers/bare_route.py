"""A Flask route that does nothing: what the server and the framework alone can do."""

from flask import Flask

app = Flask(__name__)


@app.get("/bare")
def bare():
    return {"status": "ok"}
