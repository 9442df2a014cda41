"""The task API as full-stack-fastapi-template makes one: FastAPI, SQLModel, PyJWT, synchronous routes, uvicorn."""

import os
from datetime import UTC, datetime
from typing import Annotated, Any

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer
from sqlmodel import Field, Session, SQLModel, col, create_engine, func, select

app = FastAPI()
engine = create_engine(f"sqlite:///{os.environ['TASKS_DB']}")
bearer = OAuth2PasswordBearer(tokenUrl="/login")


class User(SQLModel, table=True):
    __tablename__ = "users"
    id: int | None = Field(default=None, primary_key=True)
    username: str = Field(unique=True, max_length=80)


class TaskBase(SQLModel):
    title: str = Field(min_length=1, max_length=200)
    description: str = Field(default="", max_length=10_000)
    status: str = Field(default="pending", max_length=20)
    priority: str = Field(default="normal", max_length=10)
    due_at: datetime | None = None


class TaskUpdate(SQLModel):
    title: str | None = Field(default=None, min_length=1, max_length=200)
    description: str | None = Field(default=None, max_length=10_000)
    status: str | None = Field(default=None, max_length=20)
    priority: str | None = Field(default=None, max_length=10)
    due_at: datetime | None = None


class Task(TaskBase, table=True):
    __tablename__ = "tasks"
    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="users.id", index=True)
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    updated_at: datetime = Field(default_factory=lambda: datetime.now(UTC))


class TaskPublic(TaskBase):
    id: int
    created_at: datetime
    updated_at: datetime


class TasksPublic(SQLModel):
    data: list[TaskPublic]
    count: int


def get_db():
    with Session(engine) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_db)]
TokenDep = Annotated[str, Depends(bearer)]


def get_current_user(session: SessionDep, token: TokenDep) -> User:
    try:
        payload = jwt.decode(token, os.environ["SECRET"], algorithms=["HS256"])
    except jwt.InvalidTokenError as error:
        raise HTTPException(status_code=403, detail="Could not validate credentials") from error
    user = session.get(User, int(payload["sub"]))
    if not user:
        raise HTTPException(status_code=404, detail="User not found")
    return user


CurrentUser = Annotated[User, Depends(get_current_user)]


@app.get("/tasks", response_model=TasksPublic)
def read_tasks(session: SessionDep, current_user: CurrentUser, skip: int = 0, limit: int = 20) -> Any:
    count = session.exec(select(func.count()).select_from(Task).where(Task.user_id == current_user.id)).one()
    tasks = session.exec(
        select(Task).where(Task.user_id == current_user.id).order_by(col(Task.id).desc()).offset(skip).limit(limit)
    ).all()
    return TasksPublic(data=tasks, count=count)


@app.get("/tasks/{id}", response_model=TaskPublic)
def read_task(session: SessionDep, current_user: CurrentUser, id: int) -> Any:
    task = session.get(Task, id)
    if not task or task.user_id != current_user.id:
        raise HTTPException(status_code=404, detail="Task not found")
    return task


@app.post("/tasks", response_model=TaskPublic, status_code=201)
def create_task(*, session: SessionDep, current_user: CurrentUser, task_in: TaskBase) -> Any:
    task = Task.model_validate(task_in, update={"user_id": current_user.id})
    session.add(task)
    session.commit()
    session.refresh(task)
    return task


@app.put("/tasks/{id}", response_model=TaskPublic)
def update_task(*, session: SessionDep, current_user: CurrentUser, id: int, task_in: TaskUpdate) -> Any:
    task = session.get(Task, id)
    if not task or task.user_id != current_user.id:
        raise HTTPException(status_code=404, detail="Task not found")
    task.sqlmodel_update(task_in.model_dump(exclude_unset=True))
    task.updated_at = datetime.now(UTC)
    session.add(task)
    session.commit()
    session.refresh(task)
    return task
