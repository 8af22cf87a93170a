"""What a person can set: folders, builds, trainings, studies. Forms and commands come from it."""
