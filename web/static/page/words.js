// What the API's words are called here.

export const STATUSES = { pending: "Pending", in_progress: "In progress", completed: "Completed" };
export const PRIORITIES = { low: "Low", normal: "Normal", high: "High", urgent: "Urgent" };
export const DUE = { overdue: "Due before now", today: "Due by today", week: "Due within a week", later: "Due later" };
export const SORTS = {
  "-id": "Newest first",
  id: "Oldest first",
  due_at: "Due soonest",
  "-priority": "Most urgent",
  status: "By status",
  title: "By title",
  "-updated_at": "Changed last",
};
