"""The task API as a Flask tutorial makes it: Flask-SQLAlchemy, flask-jwt-extended, served by gunicorn."""

import os
from datetime import UTC, datetime

from flask import Flask, jsonify, request
from flask_jwt_extended import JWTManager, get_jwt_identity, jwt_required
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{os.environ['TASKS_DB']}"
app.config["JWT_SECRET_KEY"] = os.environ["SECRET"]
db = SQLAlchemy(app)
jwt = JWTManager(app)


class Task(db.Model):
    __tablename__ = "tasks"
    id = db.Column(db.Integer, primary_key=True)
    user_id = db.Column(db.Integer, db.ForeignKey("users.id"), index=True)
    title = db.Column(db.String(200), nullable=False)
    description = db.Column(db.Text, default="")
    status = db.Column(db.String(20), default="pending")
    priority = db.Column(db.String(10), default="normal")
    due_at = db.Column(db.DateTime)
    created_at = db.Column(db.DateTime, default=lambda: datetime.now(UTC))
    updated_at = db.Column(db.DateTime, default=lambda: datetime.now(UTC), onupdate=lambda: datetime.now(UTC))

    def to_dict(self):
        return {
            "id": self.id,
            "title": self.title,
            "description": self.description,
            "status": self.status,
            "priority": self.priority,
            "due_at": self.due_at.isoformat() if self.due_at else None,
            "created_at": self.created_at.isoformat(),
            "updated_at": self.updated_at.isoformat(),
        }


class User(db.Model):
    __tablename__ = "users"
    id = db.Column(db.Integer, primary_key=True)
    username = db.Column(db.String(80), unique=True, nullable=False)


@app.get("/tasks")
@jwt_required()
def list_tasks():
    query = Task.query.filter_by(user_id=int(get_jwt_identity())).order_by(Task.id.desc())
    page = query.paginate(
        page=request.args.get("page", 1, type=int), per_page=request.args.get("per_page", 20, type=int)
    )
    return jsonify([task.to_dict() for task in page.items]), 200, {"X-Total-Count": str(page.total)}


@app.post("/tasks")
@jwt_required()
def create_task():
    body = request.get_json()
    task = Task(user_id=int(get_jwt_identity()), title=body["title"], description=body.get("description", ""))
    db.session.add(task)
    db.session.commit()
    return jsonify(message="Task created successfully"), 201


def own_task(task_id):
    return Task.query.filter_by(id=task_id, user_id=int(get_jwt_identity())).first_or_404()


@app.get("/tasks/<int:task_id>")
@jwt_required()
def get_task(task_id):
    return jsonify(own_task(task_id).to_dict())


@app.put("/tasks/<int:task_id>")
@jwt_required()
def update_task(task_id):
    task = own_task(task_id)
    for field, value in request.get_json().items():
        if field in ("title", "description", "status", "priority"):
            setattr(task, field, value)
    db.session.commit()
    return jsonify(message="Task updated successfully")
